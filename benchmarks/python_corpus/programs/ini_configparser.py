import configparser

config = configparser.ConfigParser()
config.read("data/settings.ini")
print(config.sections())
print(config["server"]["host"], config.getint("server", "port"), config.getboolean("server", "debug"))
print(config.get("paths", "logs"))
for key in config["paths"]:
    print(key, config["paths"][key])
