import re
def snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
def camel(name):
    return "".join(w.title() for w in name.split("_"))
print(snake("HttpServerError"), camel("http_server_error"))
print(re.sub(r"_(\w)", lambda m: m.group(1).upper(), "max_item_count"))
