# written by qwen2.5-coder-1.5b
# task: Rename the function old_total to compute_total in all Python files under src and print which files changed.
import os
import re

def rename_function(directory, old_name, new_name):
    changed_files = []
    for root, dirs, files in os.walk(directory):
        for file in files:
            if file.endswith('.py'):
                file_path = os.path.join(root, file)
                with open(file_path, 'r') as f:
                    content = f.read()
                if old_name in content:
                    content = re.sub(old_name, new_name, content)
                    with open(file_path, 'w') as f:
                        f.write(content)
                    changed_files.append(file_path)
    return changed_files

directory = 'src'
old_name = 'old_total'
new_name = 'compute_total'
changed_files = rename_function(directory, old_name, new_name)
print("Files changed:", changed_files)
