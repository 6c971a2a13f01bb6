import pickle
data = {"a": [1, 2, (3, 4)], "b": None}
with open("d.pkl", "wb") as f:
    pickle.dump(data, f)
with open("d.pkl", "rb") as f:
    print(pickle.load(f) == data)
