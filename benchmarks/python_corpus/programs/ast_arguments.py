import ast
for node in ast.parse(open("src/shop/utils.py").read()).body:
    if isinstance(node, ast.FunctionDef):
        a = node.args
        parts = [x.arg for x in a.args]
        if a.vararg: parts.append("*" + a.vararg.arg)
        parts += [k.arg for k in a.kwonlyargs]
        if a.kwarg: parts.append("**" + a.kwarg.arg)
        print(f"{node.name}({', '.join(parts)})", len(a.defaults), [ast.literal_eval(d) for d in a.kw_defaults if d])
