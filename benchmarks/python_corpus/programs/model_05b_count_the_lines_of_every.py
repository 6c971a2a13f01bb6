# written by qwen2.5-coder-0.5b
# task: Count the lines of every .py file under src and print them sorted by count, then the total.
import os

def count_py_files_in_directory(directory):
    py_files = []
    for root, dirs, files in os.walk(directory):
        for file in files:
            if file.endswith('.py'):
                py_files.append(os.path.join(root, file))
    return py_files

def count_lines_in_py_files(py_files):
    line_counts = {}
    for file in py_files:
        with open(file, 'r') as f:
            line_count = sum(1 for line in f)
            line_counts[file] = line_count
    return line_counts

def main():
    directory = 'src'
    py_files = count_py_files_in_directory(directory)
    line_counts = count_lines_in_py_files(py_files)
    sorted_line_counts = sorted(line_counts.items(), key=lambda x: x[1], reverse=True)
    total_lines = sum(line_counts.values())
    print(f"Total lines: {total_lines}")
    for file, line_count in sorted_line_counts:
        print(f"{file}: {line_count}")

if __name__ == "__main__":
    main()
