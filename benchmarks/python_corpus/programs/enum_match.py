from enum import Enum

class State(Enum):
    IDLE = "idle"
    RUNNING = "running"
    DONE = "done"

def step(state):
    match state:
        case State.IDLE:
            return State.RUNNING
        case State.RUNNING:
            return State.DONE
        case _:
            return state

s = State.IDLE
while s is not State.DONE:
    print(s.value)
    s = step(s)
print(s)
