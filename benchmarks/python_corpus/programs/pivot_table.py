import csv
from collections import defaultdict
table = defaultdict(lambda: defaultdict(float))
for r in csv.DictReader(open('data/sales.csv')):
    table[r['region']][r['date'][:7]] += float(r['revenue'])
months = sorted({m for row in table.values() for m in row})
print('region', *months, sep='\t')
for region in sorted(table):
    print(region, *(f'{table[region][m]:.1f}' for m in months), sep='\t')
