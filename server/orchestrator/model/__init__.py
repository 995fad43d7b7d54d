"""Words that every layer speaks: frozen values and enumerations.

Apart from the layers because a store row, an outline task and a provider's answer meet here and nowhere else.
"""
