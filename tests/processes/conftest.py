"""Products that tests start, each stopped at the end and its log shown where something failed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes.product import Product


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="canbao-test-"))
    yield folder / "var"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start(data_dir: Path) -> Iterator[Callable[..., Product]]:
    started: list[Product] = []

    def start_product(**settings: str) -> Product:
        product = Product(data_dir, **settings)
        started.append(product)
        return product

    yield start_product
    for product in started:
        if product.process.poll() is None:
            product.stop()
        print(f"--- the product on port {product.port} said:", product.log.read_text(), sep="\n")
