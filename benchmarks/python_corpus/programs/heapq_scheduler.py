import heapq
tasks = []
for priority, name in [(3, "write"), (1, "plan"), (2, "test")]:
    heapq.heappush(tasks, (priority, name))
while tasks:
    print(heapq.heappop(tasks))
nums = [5, 1, 8, 3]
heapq.heapify(nums)
print(nums[0], heapq.nlargest(2, nums), heapq.nsmallest(2, nums), heapq.heapreplace(nums, 9), list(heapq.merge([1, 4], [2, 3])))
