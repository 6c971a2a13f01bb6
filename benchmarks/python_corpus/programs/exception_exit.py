import sys
def main():
    print("working")
    if len(sys.argv) > 5:
        return 1
    return 0
if __name__ == "__main__":
    try:
        sys.exit(main())
    except SystemExit as e:
        print("exit", e.code)
