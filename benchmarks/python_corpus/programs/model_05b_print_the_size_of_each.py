# written by qwen2.5-coder-0.5b
# task: Print the size of each folder in the project, summing its files.
import os

def sum_files_in_folder(folder_path):
    total_size = 0
    for root, dirs, files in os.walk(folder_path):
        for file in files:
            file_path = os.path.join(root, file)
            total_size += os.path.getsize(file_path)
    return total_size

project_path = 'path/to/your/project'
total_size = sum_files_in_folder(project_path)
print(f"The total size of files in the project is: {total_size} bytes")
