import heapq
graph = {"A": {"B": 1, "C": 4}, "B": {"C": 2, "D": 6}, "C": {"D": 3}, "D": {}}
def dijkstra(start):
    dist = {n: float("inf") for n in graph}
    dist[start] = 0
    queue = [(0, start)]
    while queue:
        d, node = heapq.heappop(queue)
        if d > dist[node]:
            continue
        for other, w in graph[node].items():
            if d + w < dist[other]:
                dist[other] = d + w
                heapq.heappush(queue, (dist[other], other))
    return dist
print(dijkstra("A"))
