"""What photos are of, everyday: the yardstick against which calibrate.py reads a score.

Chosen by hand to spread over what people photograph (people, animals, food, nature, places, vehicles, things, papers,
happenings, mere surfaces), each a few plain words. It need not be complete, and a subject that a library does hold
does no harm. A change makes every stored calibration stale, which is noticed and mended by itself.
"""

_TEXT = """
a person; a man; a woman; a child; a group of people; a crowd; a family; a face; hands; feet; hair; an old man;
a baby; friends laughing; a couple kissing; a dancer; a worker; a doctor; a teacher in a classroom; a runner; a
swimmer; a cyclist; a fisherman; a musician; a cook; a dog; a cat; a horse; a cow; a sheep; a goat; a pig; a
rabbit; a mouse; a deer; a fox; a wolf; a bear; a lion; an elephant; a monkey; a giraffe; a camel; a bat; a
bird; a duck; an owl; a parrot; a chicken; an eagle; a fish; a shark; a whale; a frog; a snake; a lizard; a
turtle; a spider; a butterfly; a bee; a beetle; a worm; a shell; a flower; a rose; a tree; a leaf; grass; moss;
a mushroom; a cactus; a vegetable garden; fruit; apples; a banana; berries; vegetables; bread; cheese; meat;
soup; a cake; sweets; a cup of coffee; a glass of wine; a bottle; a plate of food; rice; noodles; an egg;
breakfast; a mountain; a hill; a valley; a desert; a forest; a river; a lake; the sea; a beach; an island; a
waterfall; a cave; a glacier; a field; rocks; sand; mud; snow; ice; rain; fog; clouds; lightning; a rainbow; the
sun; the moon; stars at night; fire; smoke; water drops; a city; a village; a street; a bridge; a tower; a
church; a castle; a house; a barn; a skyscraper; a factory; a shop; a market; a restaurant; a museum; a railway
station; an airport; a harbour; a stadium; a garden; a park; a playground; a kitchen; a bedroom; a bathroom; an
office; a staircase; a window; a door; a wall; a roof; a fence; a car; a lorry; a bus; a train; a motorbike; a
bicycle; a ship; a rowing boat; an aeroplane; a helicopter; a rocket; a tractor; a wheel; an engine; a chair; a
table; a bed; a lamp; a clock; a mirror; a carpet; a curtain; a basket; a box; a bag; a key; a knife; a spoon; a
pot; a candle; a toy; a doll; a ball; a book; a newspaper; a letter; a map; a sign with text; a page of text; a
form to fill in; a receipt; a drawing; a painting; a photograph on a wall; a statue; a logo; a chart; a
screenshot; a computer; a telephone; a television; a camera; a microscope; a radio; a guitar; a piano; a drum; a
gun; a sword; a hammer; a saw; a rope; a wire; a machine; a pipe; metal; wood; stone; glass; plastic; paper;
cloth; leather; a shirt; a dress; a coat; shoes; a hat; glasses; a ring; a watch; a mask; an umbrella; a flag;
money; a medal; a football game; a tennis match; skiing; swimming; dancing; a concert; a wedding; a birthday
party; a parade; a funeral; a meeting; fishing; camping; climbing a rock face; reading; sleeping; an abstract
pattern; a red surface; something blue; a dark room; a blurred picture; a white background; a close-up of a
texture; a view from above; a reflection; a shadow
"""
SUBJECTS: tuple[str, ...] = tuple(" ".join(subject.split()) for subject in _TEXT.split(";"))
