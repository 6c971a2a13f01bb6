from datetime import datetime, timezone
born = datetime(1990, 5, 17)
today = datetime(2024, 5, 16)
age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
print(age, datetime(2024, 1, 1, tzinfo=timezone.utc).isoformat(), int(datetime(2024, 1, 1, tzinfo=timezone.utc).timestamp()))
