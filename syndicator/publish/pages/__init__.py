"""Pages for people: on which a person finds the feed they want. Static HTML, no script (pure).

statistics.py   entries -> how much to expect; numbers and moments as people say them
charts.py       statistics -> where each bar stands
page.py         what a page is made of: values of the model, and what follows from them
assets.py       the style and the icon, by their names
render.py       render_page
templates/      the HTML, the style, the icon
"""
