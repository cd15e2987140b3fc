"""@scenario marks a function of one argument, the Talk; its name is the scenario's."""
SCENARIOS = {}


def scenario(function):
    if function.__name__ in SCENARIOS:
        raise ValueError(f"{function.__name__} twice")
    SCENARIOS[function.__name__] = function
    return function
