"""Disclosure control: the policy, and the functions that apply it to findings before they leave."""
