class EventEmitter:
    def __init__(self):
        self._handlers = {}

    def on(self, event, handler):
        self._handlers.setdefault(event, []).append(handler)
        return self

    def emit(self, event, *args, **kwargs):
        return [h(*args, **kwargs) for h in self._handlers.get(event, [])]

class Logger:
    def __init__(self):
        self.lines = []
    def log(self, text, level="info"):
        self.lines.append(f"{level}: {text}")

logger = Logger()
emitter = EventEmitter()
emitter.on("save", logger.log).on("save", lambda t, **k: len(t))
print(emitter.emit("save", "file.txt", level="warn"), logger.lines, emitter.emit("nothing"))
