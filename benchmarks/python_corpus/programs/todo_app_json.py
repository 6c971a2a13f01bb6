import json
import os

class TodoList:
    def __init__(self, path):
        self.path = path
        self.items = self._load()

    def _load(self):
        if not os.path.exists(self.path):
            return []
        with open(self.path) as f:
            return json.load(f)

    def _save(self):
        with open(self.path, "w") as f:
            json.dump(self.items, f, indent=2)

    def add(self, text):
        self.items.append({"text": text, "done": False})
        self._save()

    def done(self, index):
        self.items[index]["done"] = True
        self._save()

    def __iter__(self):
        for i, item in enumerate(self.items):
            yield i, item["text"], item["done"]

todo = TodoList("todo.json")
todo.add("write")
todo.add("test")
todo.done(0)
for i, text, done in TodoList("todo.json"):
    print(f"[{'x' if done else ' '}] {i} {text}")
