# written by qwen2.5-coder-1.5b
# task: List all functions defined in src/shop/utils.py using a regular expression.
import re

with open('src/shop/utils.py', 'r') as file:
    content = file.read()

functions = re.findall(r'def\s+(\w+)\(', content)

print(functions)
