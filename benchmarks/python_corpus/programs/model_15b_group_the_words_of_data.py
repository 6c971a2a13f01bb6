# written by qwen2.5-coder-1.5b
# task: Group the words of data/words.txt by their first letter and print the groups.
import os
from collections import defaultdict

# Define the path to the words file
words_file_path = os.path.join(os.getcwd(), 'data', 'words.txt')

# Initialize a dictionary to hold words grouped by their first letter
words_by_first_letter = defaultdict(list)

# Open the words file and read each line
with open(words_file_path, 'r') as file:
    for line in file:
        # Strip any leading or trailing whitespace and convert to lowercase
        word = line.strip().lower()
        # Add the word to the corresponding group in the dictionary
        words_by_first_letter[word[0]].append(word)

# Print the groups of words
for letter, words in words_by_first_letter.items():
    print(f"{letter}: {', '.join(words)}")
