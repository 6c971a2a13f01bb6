"""A small shop."""

__version__ = "1.4.2"

from shop.cart import Cart
from shop.models import Product
