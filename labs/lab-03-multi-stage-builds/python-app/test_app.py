import unittest

from app import app


class Answers(unittest.TestCase):
    def test_pages(self) -> None:
        for path, status, words in [
            ("/", 200, "Hello from a small Python image!\n"),
            ("/health", 200, "ok\n"),
            ("/nowhere", 404, "Not Found"),
        ]:
            with self.subTest(path):
                answer = app.test_client().get(path)
                self.assertEqual(answer.status_code, status)
                self.assertIn(words, answer.text)


if __name__ == "__main__":
    unittest.main()
