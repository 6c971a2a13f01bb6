# written by qwen2.5-coder-1.5b
# task: Print the average price of the products in data/products.json with two decimals.
import json
import statistics

with open('data/products.json', 'r') as file:
    data = json.load(file)

prices = [product['price'] for product in data]

average_price = statistics.mean(prices)

print(f"The average price of the products is: {average_price:.2f}")
