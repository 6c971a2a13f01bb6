import unittest


class CartTest(unittest.TestCase):
    def test_total(self):
        self.assertEqual(2 + 2, 4)

    def test_empty(self):
        self.assertEqual(sum([]), 0)


if __name__ == "__main__":
    unittest.main()
