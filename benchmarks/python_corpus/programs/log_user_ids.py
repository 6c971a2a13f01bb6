import re
text = open('logs/app.log').read()
print(sorted({int(n) for n in re.findall(r'user (\d+)', text)}))
print(re.sub(r'\d+ms', 'N ms', text).count('N ms'))
