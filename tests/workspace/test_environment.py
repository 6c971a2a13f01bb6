"""Which environment variables reach a command."""

import sys

import pytest

from punie_acp.workspace.editor import EditorWorkspace
from punie_acp.workspace.environment import command_environment, emptied, looks_secret
from punie_acp.workspace.local import LocalWorkspace
from tests.fakes import FakeClient

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN", "GH_TOKEN", "NPM_TOKEN", "MYTOKEN", "TOKEN", "TOKEN_FILE", "OPENAI_API_KEY", "openai_api_key",
        "APIKEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI", "GOOGLE_APPLICATION_CREDENTIALS", "AZURE_CLIENT_ID", "DB_PASSWORD",
        "PGPASSWORD", "MYSQL_PWD", "DB_PASS", "SSH_PASSPHRASE", "CLIENT_SECRET", "DJANGO_SECRET_KEY", "SECRETS",
        "STRIPE_KEY", "NPM_AUTH", "GITLAB_PAT", "SENTRY_DSN", "DATABASE_URL", "SLACK_WEBHOOK_URL", "VAULT_TOKEN",
        "PRIVATE_KEY", "AZURE_STORAGE_CONNECTION_STRING", "CREDS", "DB_CREDS", "AUTHORIZATION", "AUTH_HEADER",
        "JWT_SIGNING", "WALLET_MNEMONIC", "STRIPE_SK", "BOT_TOK", "pw", "DB_PW", "SESSION_SALT",
    ],
)  # fmt: skip
def test_names_of_secrets_are_known(name):
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "PATH", "HOME", "PWD", "OLDPWD", "USER", "LANG", "SHELL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH",
        "TOKENIZERS_PARALLELISM", "SSH_AUTH_SOCK", "GIT_ASKPASS", "KEYBOARD", "MONKEY", "EDITOR", "CI", "AWS_REGION",
        "AWS_DEFAULT_REGION", "AWS_PROFILE", "HTTP_PROXY", "https_proxy", "NO_PROXY", "CARGO_HOME", "PATTERN",
        "AUTHOR", "GIT_AUTHOR_NAME", "COMPASS", "XDG_SESSION_ID", "RANDOM_SEED", "PYTHONHASHSEED", "CREDITS",
    ],
)  # fmt: skip
def test_ordinary_names_are_not(name):
    assert not looks_secret(name)


@pytest.mark.parametrize(
    "value",
    [
        "ghp_0123456789abcdefghij", "sk-proj-0123456789abcdef", "AKIA0123456789ABCDEF", "glpat-x1y2z3", "xoxb-1-2",
        "postgres://me:hush@db/x", "https://:hush@index.example.org/simple", "-----BEGIN RSA PRIVATE KEY-----\nx",
        "eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2ln", "sk_live_0123456789", "gsk_0123456789abcdefghij", "whsec_0123",
        "AIza0123456789abcdefghijklmnopqrstuvwxy", "Bearer 0123456789", "https://hooks.slack.com/services/T/B/x",
    ],
)  # fmt: skip
def test_values_of_secrets_are_known_under_any_name(value):
    assert looks_secret("HARMLESS", value)
    assert not looks_secret("HTTPS_PROXY", value)


@pytest.mark.parametrize(
    "value", ["https://example.org", "me@example.org", "/a/b:/c", "sk-learn", "Basic auth", "1", ""]
)
def test_ordinary_values_are_not(value):
    assert not looks_secret("HARMLESS", value)


def test_the_user_lets_names_through():
    environ = {"PATH": "/bin", "GITHUB_TOKEN": "a", "CI_TOKEN": "b", "AWS_ACCESS_KEY_ID": "c", "PUNIE_MODEL": "d"}
    assert command_environment(environ, ()) == {"PATH": "/bin"}
    assert command_environment(environ, ("GITHUB_TOKEN",)) == {"PATH": "/bin", "GITHUB_TOKEN": "a"}
    assert set(command_environment(environ, ("*_TOKEN",))) == {"PATH", "GITHUB_TOKEN", "CI_TOKEN"}
    assert emptied(environ, ("CI_TOKEN",)) == {"GITHUB_TOKEN": "", "AWS_ACCESS_KEY_ID": ""}


async def _ignore(_):
    pass


SHOW = [sys.executable, "-c", "import os; print(os.environ.get('TEST_API_KEY'), os.environ.get('TEST_TOKEN'))"]


async def test_a_command_on_this_machine_does_not_see_secrets(project, monkeypatch):
    monkeypatch.setenv("TEST_API_KEY", "hush")
    monkeypatch.setenv("TEST_TOKEN", "hush")
    workspace = LocalWorkspace(project, variables=("TEST_TOKEN",))
    result = await workspace.run_command(SHOW, cwd=project, timeout=20, on_progress=_ignore)
    assert result.stdout == "None hush\n"


async def test_a_command_in_the_client_s_terminal_sees_them_empty(project, monkeypatch):
    monkeypatch.setenv("TEST_API_KEY", "hush")
    monkeypatch.setenv("TEST_TOKEN", "hush")
    local = LocalWorkspace(project, variables=("TEST_TOKEN",))
    client = FakeClient()
    try:
        workspace = EditorWorkspace(local, client, "s", {"terminal": True})
        result = await workspace.run_command(SHOW, cwd=project, timeout=20, on_progress=_ignore)
    finally:
        for terminal in client.terminals.values():
            terminal.close()
    assert result.stdout == " hush\n"
