# written by qwen2.5-coder-1.5b
# task: Print the five most common words of data/words.txt with their counts.
import collections

with open('data/words.txt', 'r') as file:
    words = file.read().split()

word_counts = collections.Counter(words)
most_common_words = word_counts.most_common(5)

for word, count in most_common_words:
    print(f"{word}: {count}")
