import subprocess
def run(cmd):
    """Run a command and return (code, stdout, stderr)."""
    p = subprocess.run(cmd, shell=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    return p.returncode, p.stdout.strip(), p.stderr.strip()
print(run("grep -c ERROR logs/app.log"))
print(run("echo oops >&2; exit 7"))
