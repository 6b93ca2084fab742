from tests.support.privacy import erased_file

__all__ = ["erased_file"]
