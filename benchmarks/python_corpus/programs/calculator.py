import re
def evaluate(expr):
    tokens = re.findall(r"\d+\.?\d*|[-+*/()]", expr)
    def parse_expr():
        value = parse_term()
        while tokens and tokens[0] in "+-":
            op = tokens.pop(0)
            right = parse_term()
            value = value + right if op == "+" else value - right
        return value
    def parse_term():
        value = parse_factor()
        while tokens and tokens[0] in "*/":
            op = tokens.pop(0)
            right = parse_factor()
            value = value * right if op == "*" else value / right
        return value
    def parse_factor():
        token = tokens.pop(0)
        if token == "(":
            value = parse_expr()
            tokens.pop(0)
            return value
        return float(token)
    return parse_expr()
for e in ["1 + 2 * 3", "(1 + 2) * 3", "10 / 4 - 1"]:
    print(e, "=", evaluate(e))
