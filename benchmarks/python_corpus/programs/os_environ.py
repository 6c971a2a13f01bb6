import os
os.environ["MY_SETTING"] = "on"
print(os.environ["MY_SETTING"], os.environ.get("NOT_SET", "default"), os.getenv("MY_SETTING"))
print("PATH" in os.environ)
