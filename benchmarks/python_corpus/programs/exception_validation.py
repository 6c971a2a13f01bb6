class ValidationError(ValueError):
    def __init__(self, field, message):
        self.field = field
        self.message = message
        super().__init__(message)

    def __str__(self):
        return f"{self.field}: {self.message}"

def validate(user):
    errors = []
    for field in ("name", "age"):
        try:
            if field not in user:
                raise ValidationError(field, "is required")
            if field == "age" and user["age"] < 0:
                raise ValidationError("age", "must not be negative")
        except ValidationError as e:
            errors.append(str(e))
    return errors

print(validate({"age": -1}), validate({"name": "x", "age": 3}))
