from collections import deque
graph = {1: [2, 3], 2: [4], 3: [4], 4: []}
def bfs(s):
    seen, order, q = {s}, [], deque([s])
    while q:
        v = q.popleft()
        order.append(v)
        for w in graph[v]:
            if w not in seen:
                seen.add(w)
                q.append(w)
    return order
def dfs(v, seen=None):
    seen = seen if seen is not None else set()
    seen.add(v)
    return [v] + [x for w in graph[v] if w not in seen for x in dfs(w, seen)]
print(bfs(1), dfs(1))
