class Node:
    def __init__(self, value, left=None, right=None):
        self.value = value
        self.left = left
        self.right = right

    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.value
        if self.right:
            yield from self.right

tree = Node(4, Node(2, Node(1), Node(3)), Node(6))
print(list(tree))
for v in tree:
    print(v, end=",")
print()
