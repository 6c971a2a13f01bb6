import xml.etree.ElementTree as ET
root = ET.fromstring("<shop><item id='1'>Tea</item><item id='2'>Cup</item></shop>")
for item in root.findall("item"):
    print(item.get("id"), item.text)
print(root.tag, len(root))
