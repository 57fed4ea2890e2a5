"""The models: forward passes written once, and the two engines that run them."""
