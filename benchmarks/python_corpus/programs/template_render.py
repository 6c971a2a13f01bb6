import re
def render(template, **values):
    def fill(m):
        key, _, fmt = m.group(1).partition(":")
        return format(values.get(key, "?"), fmt)
    return re.sub(r"\{\{\s*([\w:.]+)\s*\}\}", fill, template)
print(render("Hi {{ name }}, you owe {{ amount:.2f }} ({{missing}})", name="Ada", amount=3.14159))
