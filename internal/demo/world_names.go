package demo

// Names for made-up people. Any likeness to somebody real is chance: given and family names are put together by dice.
var (
	germanFamilies = words(`Ahrens Albers Arndt Bartels Becker Behrens Berger Böhm Böttcher Brandt Braun Breuer Bruns Busch
		Carstens Dietz Döring Ebert Eckert Ehlers Engel Ernst Falk Fiedler Fink Förster Frank Franke Freitag Fuchs Funke Geiger
		Gerlach Götz Graf Greve Groß Günther Haas Hahn Hansen Hartmann Hauser Heinrich Heller Henning Herzog Heuer Hinrichs
		Hoffmann Holtz Horn Huber Jansen Jung Kaiser Keller Kern Kirchner Klein Kluge Köhler König Körner Kraft Kramer Krause
		Krüger Kühn Kunze Lange Lehmann Lorenz Ludwig Lüdemann Maier Marx Menzel Merz Möller Naumann Neumann Nolte Ott Otto
		Paulsen Peters Pfeiffer Pohl Rathjen Rau Reimers Renner Richter Rieger Riedel Roth Sander Sauer Schäfer Scherer
		Schilling Schlüter Schmitz Scholz Schreiber Schröder Schubert Schulte Schütz Seidel Siebert Simon Sommer Stahl Stark
		Steffens Stein Thiel Thomsen Ulrich Vogel Voigt Wagner Walter Weber Weiß Wendt Werner Westphal Wieland Wilke Winkler
		Winter Witt Wolff Zander Ziegler Zimmermann`)
	germanWomen = words(`Anna Antonia Astrid Beate Birgit Britta Carla Charlotte Clara Cornelia Doris Elena Elisabeth Emilia Emma
		Eva Frieda Gabriele Greta Hanna Heike Helene Ida Ilse Ines Inga Johanna Judith Julia Karin Katharina Klara Lea Lena Leonie
		Lina Lotte Luise Maja Maren Margarete Maria Marie Martha Mathilda Mia Monika Nele Nina Nora Paula Petra Pia Ronja Sabine
		Sophie Susanne Theresa Ursula Wiebke`)
	germanMen = words(`Adrian Albert Alexander Andreas Anton Arne August Bastian Benno Bernd Bruno Christian Christoph Conrad Daniel
		David Dieter Elias Emil Erik Felix Florian Frank Franz Friedrich Fritz Georg Gregor Hannes Harald Heiner Henri Holger Jakob
		Jan Jens Joachim Johannes Jonas Julian Jürgen Karl Kilian Konrad Lars Leon Ludwig Lukas Manfred Marius Markus Martin
		Matthias Max Michael Moritz Nils Oskar Paul Peter Philipp Rainer Robert Sebastian Simon Stefan Theo Thomas Till Tim Uwe
		Valentin Werner Wolfgang`)
)

// origin is where part of a family comes from: the names of its people and, for those born there, the place of birth.
type origin struct {
	country              string
	families, women, men []string
	cities               []string
}

var origins = []origin{
	{"TR", words(`Aydın Çelik Demir Kaya Öztürk Şahin Yıldız`), words(`Ayşe Elif Fatma Melek Zeynep`), words(`Ahmet Can Emre Hasan Mehmet`), words(`Ankara Bursa Izmir`)},
	{"PL", words(`Kowalski Lewandowski Mazur Nowak Wójcik Zieliński`), words(`Agnieszka Ewa Kasia Magdalena Zofia`), words(`Jakub Łukasz Marek Paweł Tomasz`), words(`Gdańsk Kraków Łódź`)},
	{"SY", words(`Darwish Haddad Khalil Mansour Saleh`), words(`Amal Layla Nour Rima Salma`), words(`Bashar Karim Omar Samir Yusuf`), words(`Aleppo Damaskus Homs`)},
	{"UA", words(`Bondarenko Kowalenko Melnyk Schewtschenko Tkatschenko`), words(`Iryna Kateryna Oksana Olena Yulia`), words(`Andrij Bohdan Maksym Oleh Taras`), words(`Charkiw Kyjiw Lwiw`)},
	{"IT", words(`Bianchi Conti Ferrari Greco Ricci`), words(`Chiara Francesca Giulia Lucia Paola`), words(`Alessandro Giovanni Luca Marco Paolo`), words(`Bari Bologna Palermo`)},
	{"RO", words(`Ionescu Munteanu Popescu Radu Stan`), words(`Andreea Elena Ioana Mihaela Raluca`), words(`Adrian Bogdan Florin Mihai Radu`), words(`Bukarest Cluj Iași`)},
	{"FR", words(`Bernard Dubois Lefèvre Moreau Rousseau`), words(`Amélie Claire Élodie Juliette Margaux`), words(`Antoine François Gaspard Mathieu Rémi`), words(`Lille Lyon Nantes`)},
	{"VN", words(`Đặng Lê Nguyễn Phạm Trần`), words(`Hương Lan Linh Mai Thảo`), words(`Bình Dũng Hải Minh Tuấn`), words(`Danang Hanoi Hue`)},
	{"GR", words(`Georgiou Katsaros Pappas Vlachos`), words(`Dimitra Eleni Ioanna Sofia`), words(`Giorgos Kostas Nikos Stavros`), words(`Athen Patras Volos`)},
	{"NG", words(`Adeyemi Balogun Eze Okafor`), words(`Adaeze Chioma Folake Ngozi`), words(`Chidi Emeka Tunde Uche`), words(`Abuja Ibadan Lagos`)},
}

var germanCities = words(`Ellerbrück Lindenfurt Auenhausen Neustadt Altenau Hohenbrück Mittelau-Stadt`)
