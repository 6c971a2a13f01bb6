import ast
from pathlib import Path

missing = []
for path in sorted(Path("src").rglob("*.py")):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if not ast.get_docstring(node):
                missing.append(f"{path}:{node.lineno} {node.name}")
print("\n".join(missing))
