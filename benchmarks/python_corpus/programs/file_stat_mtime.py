import os
from datetime import datetime
st = os.stat("README.md")
print(st.st_size == os.path.getsize("README.md"), st.st_mtime > 1_000_000_000)
print(isinstance(datetime.fromtimestamp(st.st_mtime), datetime))
