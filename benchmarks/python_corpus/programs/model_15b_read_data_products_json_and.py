# written by qwen2.5-coder-1.5b
# task: Read data/products.json and print the names of the products that are out of stock.
import json

with open('data/products.json', 'r') as file:
    data = json.load(file)

out_of_stock_products = [product['name'] for product in data if product['stock'] == 0]

for product in out_of_stock_products:
    print(product)
