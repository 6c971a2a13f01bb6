# written by qwen2.5-coder-1.5b
# task: Print the classes in src/shop and the methods of each, using re.
import os
import re

# Define the directory containing the shop package
shop_dir = os.path.join(os.getcwd(), 'src', 'shop')

# List all files in the shop directory
files = os.listdir(shop_dir)

# Filter out only Python files
python_files = [f for f in files if f.endswith('.py')]

# Initialize a dictionary to store classes and their methods
classes_methods = {}

# Iterate over each Python file
for file in python_files:
    # Construct the full path to the file
    file_path = os.path.join(shop_dir, file)
    
    # Open the file and read its content
    with open(file_path, 'r') as f:
        content = f.read()
    
    # Find all class definitions in the file
    class_defs = re.findall(r'class\s+(\w+)\s*\(', content)
    
    # Iterate over each class definition
    for class_name in class_defs:
        # Find all methods in the class
        methods = re.findall(r'\b(\w+)\b\s*\(', content)
        
        # Store the class and its methods in the dictionary
        classes_methods[class_name] = methods

# Print the classes and their methods
for class_name, methods in classes_methods.items():
    print(f"Class: {class_name}")
    print(f"Methods: {methods}")
    print()
