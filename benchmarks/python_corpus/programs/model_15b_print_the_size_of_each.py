# written by qwen2.5-coder-1.5b
# task: Print the size of each folder in the project, summing its files.
import os

def folder_size(folder):
    total_size = 0
    for root, dirs, files in os.walk(folder):
        for file in files:
            file_path = os.path.join(root, file)
            total_size += os.path.getsize(file_path)
    return total_size

def main():
    project_root = os.getcwd()
    total_size = 0
    for root, dirs, files in os.walk(project_root):
        for dir in dirs:
            dir_path = os.path.join(root, dir)
            total_size += folder_size(dir_path)
    print(f"Total size of all folders in the project: {total_size} bytes")

if __name__ == "__main__":
    main()
