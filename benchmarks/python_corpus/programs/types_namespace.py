from types import SimpleNamespace
cfg = SimpleNamespace(host="x", port=1)
cfg.debug = True
print(cfg.host, cfg.port, cfg.debug, cfg)
