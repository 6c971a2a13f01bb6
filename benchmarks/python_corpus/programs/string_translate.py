table = str.maketrans("aeiou", "*****")
print("hello world".translate(table))
print("a-b_c".translate(str.maketrans({"-": " ", "_": None})))
import string
print("Hi, there!".translate(str.maketrans("", "", string.punctuation)))
