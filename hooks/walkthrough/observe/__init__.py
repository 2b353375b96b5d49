"""What is seen of images, containers and builds."""
