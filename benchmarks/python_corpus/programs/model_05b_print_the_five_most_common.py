# written by qwen2.5-coder-0.5b
# task: Print the five most common words of data/words.txt with their counts.
import re
from collections import Counter

# Read the file
with open('data/words.txt', 'r') as file:
    text = file.read()

# Remove punctuation and convert to lowercase
text = re.sub(r'[^\w\s]', '', text).lower()

# Split the text into words
words = text.split()

# Count the occurrences of each word
word_counts = Counter(words)

# Get the five most common words
most_common_words = word_counts.most_common(5)

# Print the results
for word, count in most_common_words:
    print(f"{word}: {count}")
