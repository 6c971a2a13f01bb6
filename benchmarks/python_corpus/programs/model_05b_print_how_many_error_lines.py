# written by qwen2.5-coder-0.5b
# task: Print how many ERROR lines logs/app.log has, and the messages.
import logging

# Configure logging
logging.basicConfig(filename='app.log', level=logging.ERROR)

# Example log messages
log_messages = [
    "This is an error message.",
    "Another error message.",
    "This is a debug message.",
    "This is an info message."
]

# Count ERROR lines
error_count = sum(1 for message in log_messages if message.startswith('ERROR'))

# Print the count and messages
print(f"Number of ERROR lines: {error_count}")
for message in log_messages:
    if message.startswith('ERROR'):
        print(message)
