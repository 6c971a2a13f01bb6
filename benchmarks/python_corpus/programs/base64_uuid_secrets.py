import base64, uuid, secrets
print(base64.b64encode("héllo".encode()).decode(), base64.b64decode("aGk=").decode())
print(len(str(uuid.uuid4())), uuid.uuid5(uuid.NAMESPACE_DNS, "example.org"), len(secrets.token_hex(8)), uuid.UUID(int=5).hex)
