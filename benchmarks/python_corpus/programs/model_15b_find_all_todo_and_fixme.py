# written by qwen2.5-coder-1.5b
# task: Find all TODO and FIXME comments in Python files and print path, line number and text.
import os
import re

def find_todo_fixme_comments(directory):
    for root, dirs, files in os.walk(directory):
        for file in files:
            if file.endswith('.py'):
                file_path = os.path.join(root, file)
                with open(file_path, 'r') as f:
                    lines = f.readlines()
                    for i, line in enumerate(lines):
                        if re.search(r'TODO', line):
                            print(f"TODO found in {file_path} at line {i+1}: {line.strip()}")
                        if re.search(r'FIXME', line):
                            print(f"FIXME found in {file_path} at line {i+1}: {line.strip()}")

# Example usage
find_todo_fixme_comments('.')
