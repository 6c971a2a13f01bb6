import unittest

from parcels.quotes import insured_price
from parcels.rates import base_price


class QuoteTest(unittest.TestCase):
    def test_bands(self):
        self.assertEqual(base_price(1.0), 450)
        self.assertEqual(base_price(1.1), 790)

    def test_insurance(self):
        self.assertEqual(insured_price(0.5, 10_000), 650)


if __name__ == "__main__":
    unittest.main()
