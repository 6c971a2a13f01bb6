import os
files=[]
for f in os.listdir('data'):
    if f.endswith('.csv'): files.append(f)
files.sort()
for i in range(len(files)):
    print(str(i+1)+'. '+files[i])
if not files:
    print('none')
