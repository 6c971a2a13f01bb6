import ast
print(ast.literal_eval("[1, 'two', {'three': 3.5}, (None, True)]"))
try:
    ast.literal_eval("open('x')")
except ValueError:
    print("refused")
