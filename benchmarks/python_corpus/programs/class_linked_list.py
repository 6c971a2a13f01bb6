class Node:
    def __init__(self, data):
        self.data = data
        self.next = None

class LinkedList:
    def __init__(self):
        self.head = None

    def append(self, data):
        node = Node(data)
        if self.head is None:
            self.head = node
            return
        current = self.head
        while current.next:
            current = current.next
        current.next = node

    def reverse(self):
        prev, current = None, self.head
        while current:
            current.next, prev, current = prev, current, current.next
        self.head = prev

    def to_list(self):
        out, node = [], self.head
        while node is not None:
            out.append(node.data)
            node = node.next
        return out

l = LinkedList()
for x in (1, 2, 3):
    l.append(x)
l.reverse()
print(l.to_list())
