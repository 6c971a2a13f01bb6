import logging
logging.basicConfig(level=logging.INFO, format="%(levelname)s:%(name)s:%(message)s")
log = logging.getLogger("shop")
log.debug("hidden")
log.info("loaded %d items", 3)
log.warning("careful: %s", "hot")
logging.error("root error")
